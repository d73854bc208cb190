/** The title of the tab: how bad it is, where, and who says so. */

import type { Finding } from "../api/types";

/** Problems and warnings that nobody muted. */
export function urgent(findings: Iterable<Finding>): { problems: number; warnings: number } {
  let problems = 0;
  let warnings = 0;
  for (const finding of findings) {
    if (finding.muted) continue;
    if (finding.severity === "problem") problems++;
    else if (finding.severity === "warning") warnings++;
  }
  return { problems, warnings };
}

/** "(2 problems) elm-street-home · Weft" */
export function title(findings: Iterable<Finding>, place: string | null, isLost: boolean): string {
  const { problems, warnings } = urgent(findings);
  const plural = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;
  const worst = problems > 0 ? plural(problems, "problem") : warnings > 0 ? plural(warnings, "warning") : "";
  const begin = isLost ? "(connection lost) " : worst ? `(${worst}) ` : "";
  return `${begin}${place ? `${place} · ` : ""}Weft`;
}
