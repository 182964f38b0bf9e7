/** The pages of the settings, and who may see them. Pure. */
import type { LucideIcon } from "lucide-react";
import { KeyRound, MailWarning, Plug, ScrollText, Users } from "lucide-react";
import type { Me } from "../api/types";
import { canManageUsers, canSeeRejections, canSeeSources } from "../auth/may";

export interface SettingsPage {
  to: "/settings/sources" | "/settings/rejections" | "/settings/users" | "/settings/keys" | "/settings/audit";
  label: string;
  Icon: LucideIcon;
}

const PAGES: (SettingsPage & { may: (me: Me | undefined) => boolean })[] = [
  { to: "/settings/sources", label: "Sources", Icon: Plug, may: canSeeSources },
  { to: "/settings/rejections", label: "Rejections", Icon: MailWarning, may: canSeeRejections },
  { to: "/settings/users", label: "Users", Icon: Users, may: canManageUsers },
  { to: "/settings/keys", label: "API keys", Icon: KeyRound, may: canManageUsers },
  { to: "/settings/audit", label: "Audit log", Icon: ScrollText, may: canManageUsers },
];

export const settingsFor = (me: Me | undefined): SettingsPage[] => PAGES.filter(({ may }) => may(me));
