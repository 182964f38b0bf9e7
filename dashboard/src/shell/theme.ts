/** Leadflow's look: quiet greys, one accent, small type, hairlines instead of shadows. Light and dark from one list. */
import { createTheme } from "@mui/material/styles";
import type {} from "@mui/material/themeCssVarsAugmentation";

const FONT = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
export const MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace';

/** For dots and bars, always beside a word that says the same. */
const STATUS_COLORS: Record<string, string> = {
  new: "light-dark(#3f76ee, #7ea6ff)",
  contacted: "light-dark(#d28a1e, #e8b35c)",
  qualified: "light-dark(#8459e8, #b79bff)",
  won: "light-dark(#25a05b, #5fcf91)",
  lost: "light-dark(#9aa2b1, #7d8594)",
};

export const statusColor = (status: string): string => STATUS_COLORS[status] ?? "light-dark(#9aa2b1, #7d8594)";

/** For text; contrast is at least 4.5:1 on the page, and on a tint of itself, in both schemes. */
export const TONE = {
  good: "light-dark(#14753f, #5fcf91)",
  plain: "light-dark(#2459d3, #7ea6ff)",
  open: "light-dark(#8f5308, #e8b35c)",
  bad: "light-dark(#b3261e, #ff8f86)",
  quiet: "light-dark(#5c6575, #a3abb9)",
} as const;

const GRADE_COLOR: Record<string, string> = { A: TONE.good, B: TONE.plain, C: TONE.open };

export const gradeColor = (grade: string | null): string => (grade && GRADE_COLOR[grade]) || TONE.quiet;

/** A tint of a colour, for backgrounds behind text of the same colour. */
export const tint = (color: string, percent = 12): string => `color-mix(in srgb, ${color} ${percent}%, transparent)`;

const focusRing = {
  outline: "2px solid var(--mui-palette-primary-main)",
  outlineOffset: 2,
};

export const theme = createTheme({
  cssVariables: { colorSchemeSelector: "data" },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: "#4b4ad5" },
        success: { main: "#1f9d57" },
        warning: { main: "#c07a13" },
        error: { main: "#c4322b" },
        background: { default: "#fafafb", paper: "#ffffff" },
        text: { primary: "#1a1c20", secondary: "#5d626d", disabled: "#6d727d" },
        divider: "#e6e7ea",
      },
    },
    dark: {
      palette: {
        primary: { main: "#8f8ffa" },
        success: { main: "#4cc38a" },
        warning: { main: "#e0a04a" },
        error: { main: "#ff8177" },
        background: { default: "#0f1012", paper: "#16171a" },
        text: { primary: "#eceef1", secondary: "#a0a5b0", disabled: "#8a909c" },
        divider: "#292b30",
      },
    },
  },
  shape: { borderRadius: 4 }, // sx multiplies it: 1 is 4 px, 2.5 is 10 px
  typography: {
    fontFamily: FONT,
    fontSize: 13,
    htmlFontSize: 16,
    h1: { fontSize: "1.375rem", fontWeight: 650, letterSpacing: "-0.015em", lineHeight: 1.25 },
    h2: { fontSize: "0.8125rem", fontWeight: 600, lineHeight: 1.4 },
    body1: { fontSize: "0.875rem", lineHeight: 1.5 },
    body2: { fontSize: "0.8125rem", lineHeight: 1.5 },
    caption: { fontSize: "0.75rem", lineHeight: 1.4 },
    button: { fontSize: "0.8125rem", fontWeight: 550, textTransform: "none", letterSpacing: 0 },
  },
  components: {
    MuiCssBaseline: {
      styleOverrides: {
        body: { fontVariantNumeric: "tabular-nums", textRendering: "optimizeLegibility", overflowY: "scroll" },
        a: {
          color: "var(--mui-palette-primary-main)",
          textDecoration: "none",
          "&:hover": { textDecoration: "underline" },
        },
        ":focus-visible": focusRing,
        "@media (prefers-reduced-motion: reduce)": {
          "*, *::before, *::after": { animationDuration: "0.01ms !important", transitionDuration: "0.01ms !important" },
        },
      },
    },
    MuiButtonBase: {
      defaultProps: { disableRipple: true },
      styleOverrides: { root: { "&.Mui-focusVisible": focusRing } },
    },
    MuiButton: {
      defaultProps: { size: "small", disableElevation: true },
      styleOverrides: { root: { borderRadius: 7, minHeight: 32, paddingInline: 12 } },
    },
    MuiPaper: { defaultProps: { elevation: 0 }, styleOverrides: { root: { backgroundImage: "none" } } },
    MuiMenu: {
      styleOverrides: {
        paper: {
          border: "1px solid var(--mui-palette-divider)",
          borderRadius: 8,
          boxShadow: "0 8px 28px rgb(0 0 0 / 0.16)",
          marginTop: 4,
        },
        list: { padding: 4 },
      },
    },
    MuiMenuItem: { styleOverrides: { root: { borderRadius: 6, minHeight: 32, fontSize: "0.8125rem", gap: 8 } } },
    MuiTooltip: { defaultProps: { enterDelay: 400 }, styleOverrides: { tooltip: { fontSize: "0.75rem" } } },
    MuiOutlinedInput: {
      styleOverrides: {
        root: { borderRadius: 7, "& fieldset": { borderColor: "var(--mui-palette-divider)" } },
        input: { fontSize: "0.8125rem" },
      },
    },
    MuiTextField: { defaultProps: { size: "small" } },
    MuiDialog: { styleOverrides: { paper: { border: "1px solid var(--mui-palette-divider)", borderRadius: 12 } } },
    MuiAlert: { styleOverrides: { root: { borderRadius: 8, alignItems: "center" } } },
  },
});
