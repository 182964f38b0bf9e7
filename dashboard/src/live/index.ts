export { LiveDot } from "./LiveDot";
export { LiveUpdates } from "./LiveUpdates";
