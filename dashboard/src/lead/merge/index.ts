export { AlsoKnownAs } from "./AlsoKnownAs";
export { DuplicateHint } from "./DuplicateHint";
export { MergeDialog } from "./MergeDialog";
