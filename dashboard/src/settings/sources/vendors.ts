/** Who sends: names that the gateway knows, and what their secret is. Any other sender is generic. */

interface Vendor {
  value: string;
  label: string;
  /** What to type as the secret; "" where Leadflow makes one up. */
  secret: string;
}

const SIGNING = "The webhook's signing secret";

export const VENDORS: readonly Vendor[] = [
  { value: "generic", label: "Any form or program", secret: "" },
  { value: "typeform", label: "Typeform", secret: SIGNING },
  { value: "tally", label: "Tally", secret: SIGNING },
  { value: "webflow", label: "Webflow", secret: SIGNING },
  { value: "calendly", label: "Calendly", secret: SIGNING },
  { value: "google_ads", label: "Google Ads", secret: "The key that you type into Google's form" },
  { value: "meta_lead_ads", label: "Meta Lead Ads", secret: "The app's secret" },
  { value: "hubspot", label: "HubSpot", secret: "The app's client secret" },
  { value: "standard_webhooks", label: "Standard Webhooks", secret: "whsec_… or the sender's public key whpk_…" },
  { value: "cloudevents", label: "CloudEvents", secret: "A bearer token" },
  { value: "mailgun", label: "Mailgun events", secret: "The webhook signing key" },
  { value: "sendgrid", label: "SendGrid events", secret: "The verification key" },
];

export const vendorName = (value: string): string => VENDORS.find((known) => known.value === value)?.label ?? value;

/** What puts a source's hosted form into another page. */
export const snippet = (formUrl: string): string => `<script src="${formUrl}.js"></script>`;

/** What tells which pages a visitor sees, once the page has said `leadflow.consent(true)`. */
export function trackingSnippet(formUrl: string, sourceId: string): string {
  const base = formUrl.replace(/\/f\/[^/]*$/, "");
  return `<script defer src="${base}/t.js" data-source="${sourceId}"></script>`;
}
