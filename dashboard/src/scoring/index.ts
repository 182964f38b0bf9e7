export { signed } from "./receipt";
export { Receipt } from "./Receipt";
export { ScoreChip } from "./ScoreChip";
