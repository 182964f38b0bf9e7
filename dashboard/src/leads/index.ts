export { type LeadFilters, readFilters } from "./filters";
export { StatusTag } from "./StatusTag";
