export { LeadPage } from "./LeadPage";
