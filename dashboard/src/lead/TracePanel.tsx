import { Box, Skeleton, Tooltip, Typography } from "@mui/material";
import { Check, Clock, Minus, Route, X } from "lucide-react";
import { exactTime } from "../shell/time";
import { EmptyState, ErrorState } from "../shell/States";
import { MONO, tint, TONE } from "../shell/theme";
import { STATUS_WORDS, type Step, steps, type Tone, wholeWay } from "./hops";
import { useTrace } from "./queries";

const TONES: Record<Tone, { color: string; Icon: typeof Check; word: string }> = {
  done: { color: TONE.good, Icon: Check, word: "done" },
  idle: { color: TONE.quiet, Icon: Minus, word: "nothing to do" },
  waiting: { color: TONE.open, Icon: Clock, word: "waiting" },
  bad: { color: TONE.bad, Icon: X, word: "stopped" },
};

function HopStep({ step, last }: { step: Step; last: boolean }) {
  const { color, Icon, word } = TONES[step.tone];
  return (
    <Box component="li" sx={{ display: "flex", gap: 1.5, position: "relative", pb: last ? 0 : 2.25 }} data-testid="hop">
      {!last && (
        <Box
          aria-hidden
          sx={{ position: "absolute", left: 11, top: 26, bottom: 2, width: "2px", borderRadius: 1, bgcolor: "divider" }}
        />
      )}
      <Box
        role="img"
        aria-label={word}
        sx={{
          width: 24,
          height: 24,
          flexShrink: 0,
          borderRadius: "50%",
          display: "grid",
          placeItems: "center",
          color,
          backgroundColor: tint(color, 16),
        }}
      >
        <Icon size={13} strokeWidth={2.5} />
      </Box>
      <Box sx={{ flex: 1, minWidth: 0 }}>
        <Box sx={{ display: "flex", gap: 1, alignItems: "baseline" }}>
          <Typography variant="body2" sx={{ fontWeight: 550, flex: 1 }}>
            {step.name}
          </Typography>
          <Tooltip title={step.at ? exactTime(step.at) : ""} placement="left">
            <Typography variant="caption" sx={{ color: "text.secondary" }} tabIndex={step.at ? 0 : undefined}>
              {step.since ? `+ ${step.since}` : step.at ? exactTime(step.at) : "not yet"}
            </Typography>
          </Tooltip>
        </Box>
        <Typography
          variant="body2"
          sx={{ color: step.tone === "bad" ? color : "text.secondary", overflowWrap: "anywhere" }}
        >
          {[step.verdict, step.detail].filter(Boolean).join(" · ")}
        </Typography>
        <Typography variant="caption" sx={{ color: "text.disabled", fontFamily: MONO, fontSize: "0.6875rem" }}>
          {[step.part, step.place].filter(Boolean).join(" ")}
        </Typography>
      </Box>
    </Box>
  );
}

/** How the lead got here: everything that saw its submission, also what saw it and did nothing. */
export function TracePanel({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useTrace(id);
  if (isPending) return <Skeleton height={180} />;
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} compact />;
  if (data.hops.length === 0) {
    return (
      <EmptyState icon={<Route size={22} />} title="No trace is kept">
        The way of this lead's submission is not known any more.
      </EmptyState>
    );
  }
  const all = steps(data.hops);
  const took = wholeWay(data.hops);
  return (
    <>
      <Typography variant="body2" sx={{ color: "text.secondary", mb: 2 }}>
        {STATUS_WORDS[data.status] ?? data.status}
        {took ? `, in ${took} from the first hop to the last.` : "."}
      </Typography>
      <Box component="ol" sx={{ listStyle: "none", m: 0, p: 0, maxWidth: 640 }}>
        {all.map((step, index) => (
          <HopStep key={`${step.part} ${index}`} step={step} last={index === all.length - 1} />
        ))}
      </Box>
    </>
  );
}
