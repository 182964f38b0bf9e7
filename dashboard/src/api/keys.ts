/** Every query key, in one place: the hooks read by them, live changes invalidate by them. */
export const keys = {
  leads: {
    all: () => ["leads"] as const,
    list: (filters: object) => ["leads", filters] as const,
  },
  overview: () => ["overview"] as const,
  people: () => ["people"] as const,
  account: {
    factor: () => ["account", "factor"] as const,
    sessions: () => ["account", "sessions"] as const,
  },
  settings: {
    users: () => ["settings", "users"] as const,
    keys: () => ["settings", "keys"] as const,
    roles: () => ["settings", "roles"] as const,
    sources: () => ["settings", "sources"] as const,
    rejections: () => ["settings", "rejections"] as const,
    causes: () => ["settings", "rejections", "causes"] as const,
    group: (cause: object) => ["settings", "rejections", "group", cause] as const,
    rejection: (id: string) => ["settings", "rejections", "one", id] as const,
    repairs: () => ["settings", "rejections", "repairs"] as const,
    audit: (filters: object) => ["settings", "audit", filters] as const,
  },
  lead: {
    all: (id: string) => ["lead", id] as const,
    one: (id: string) => ["lead", id, "one"] as const,
    timeline: (id: string) => ["lead", id, "timeline"] as const,
    score: (id: string) => ["lead", id, "score"] as const,
    trace: (id: string) => ["lead", id, "trace"] as const,
    messages: (id: string) => ["lead", id, "messages"] as const,
    duplicates: (id: string) => ["lead", id, "duplicates"] as const,
    alone: (id: string) => ["lead", id, "alone"] as const,
  },
};
