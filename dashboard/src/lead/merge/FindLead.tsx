import { Box, ButtonBase, InputAdornment, Skeleton, TextField, Typography } from "@mui/material";
import { Search } from "lucide-react";
import { type ReactNode, useEffect, useId, useState } from "react";
import type { Lead } from "../../api/types";
import { StatusTag } from "../../leads";
import { ScoreChip } from "../../scoring";
import { Avatar } from "../../shell/Avatar";
import { leadName } from "../../shell/names";
import { ErrorState } from "../../shell/States";
import { Tag } from "../../shell/Tag";
import { useDuplicates, useFound } from "./queries";

const TYPING_PAUSE_MS = 250;
const TEXT_LENGTH_MAX = 200; // of a search, at the gateway

/** The text as it was when typing paused. */
function usePaused(text: string): string {
  const [paused, setPaused] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return paused;
}

function Choices({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <Box component="section" aria-labelledby={id}>
      <Typography id={id} variant="caption" component="h3" sx={{ color: "text.secondary", fontWeight: 600 }}>
        {title}
      </Typography>
      <Box component="ul" sx={{ listStyle: "none", m: 0, mt: 0.5, p: 0 }}>
        {children}
      </Box>
    </Box>
  );
}

type Known = Pick<Lead, "id" | "name" | "email" | "phone" | "company"> & Partial<Lead>;

function Choice({ lead, aside, onPick }: { lead: Known; aside: ReactNode; onPick: (id: string) => void }) {
  const name = leadName(lead);
  const about = [lead.email === name ? null : lead.email, lead.company].filter(Boolean).join(" · ");
  return (
    <Box component="li">
      <ButtonBase
        onClick={() => onPick(lead.id)}
        sx={{
          width: 1,
          gap: 1.25,
          px: 1,
          py: 0.75,
          mx: -1,
          boxSizing: "content-box",
          borderRadius: 2,
          textAlign: "left",
          "&:hover": { bgcolor: "action.hover" },
        }}
      >
        <Avatar name={name} size={28} />
        <Box sx={{ flex: 1, minWidth: 0 }}>
          <Typography variant="body2" noWrap sx={{ fontWeight: 550 }}>
            {name}
          </Typography>
          <Typography variant="caption" noWrap sx={{ display: "block", color: "text.secondary" }}>
            {about || "—"}
          </Typography>
        </Box>
        <Box
          sx={{
            display: "flex",
            flexDirection: { xs: "column", sm: "row" },
            alignItems: { xs: "flex-end", sm: "center" },
            columnGap: 1.5,
            rowGap: 0.5,
            fontSize: "0.75rem",
            flexShrink: 0,
          }}
        >
          {aside}
        </Box>
      </ButtonBase>
    </Box>
  );
}

interface FoundProps {
  text: string;
  lead: string;
  onPick: (id: string) => void;
}

/** But for those that are suggested above already. */
function Found({ text, lead: but, onPick }: FoundProps) {
  const { data, error, refetch } = useFound(text, but);
  const { data: suggested = [] } = useDuplicates(but);
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} compact />;
  if (!data) {
    return (
      <Box role="status" aria-label="Searching">
        {Array.from({ length: 3 }, (_, index) => (
          <Skeleton key={index} height={44} />
        ))}
      </Box>
    );
  }
  if (data.length === 0) {
    return (
      <Typography variant="body2" role="status" sx={{ color: "text.secondary" }}>
        No other lead’s name, email or company begins with “{text}”.
      </Typography>
    );
  }
  const others = data.filter(({ id }) => suggested.every((one) => one.id !== id));
  if (others.length === 0) return null;
  return (
    <Choices title="Found">
      {others.map((lead) => (
        <Choice
          key={lead.id}
          lead={lead}
          onPick={onPick}
          aside={
            <>
              <StatusTag status={lead.status} />
              <ScoreChip score={lead.score} grade={lead.grade} />
            </>
          }
        />
      ))}
    </Choices>
  );
}

function Suggested({ lead, onPick }: { lead: string; onPick: (id: string) => void }) {
  const { data, error, refetch } = useDuplicates(lead);
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} compact />;
  if (!data || data.length === 0) return null;
  return (
    <Choices title="Perhaps the same person">
      {data.map((one) => (
        <Choice key={one.id} lead={one} onPick={onPick} aside={<Tag tone="open">Same number</Tag>} />
      ))}
    </Choices>
  );
}

/** Whom to merge with: those who may be the same person come first, everybody else is searched for. */
export function FindLead({ lead, onPick }: { lead: string; onPick: (id: string) => void }) {
  const [text, setText] = useState("");
  const paused = usePaused(text).trim();
  return (
    <Box sx={{ display: "grid", gap: 2, minHeight: 320, alignContent: "start", gridTemplateColumns: "minmax(0, 1fr)" }}>
      <TextField
        value={text}
        onChange={(event) => setText(event.target.value)}
        placeholder="Name, email or company"
        autoFocus
        fullWidth
        slotProps={{
          htmlInput: { "aria-label": "Search the other lead", maxLength: TEXT_LENGTH_MAX },
          input: {
            startAdornment: (
              <InputAdornment position="start">
                <Search size={15} aria-hidden />
              </InputAdornment>
            ),
          },
        }}
      />
      {paused === "" && (
        <Typography variant="body2" sx={{ color: "text.secondary" }}>
          Search the lead that is the same person, by how the name, the email or the company begins.
        </Typography>
      )}
      <Suggested lead={lead} onPick={onPick} />
      {paused !== "" && <Found text={paused} lead={lead} onPick={onPick} />}
    </Box>
  );
}
