export { canChangeSources, canEdit, canErase, canManageUsers, canSeeRejections, canSeeSources, ownersFor } from "./may";
export { useMe } from "./me";
export { isSignedIn, logout, onSessionChange, ready } from "./session";
