export { Owner } from "./Owner";
export { useNameOf, usePeople } from "./queries";
