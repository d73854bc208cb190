/** Rooms that are fetched apart from the map, so that the first picture does not wait for them. */

export const rooms = {
  changes: () => import("../compare/CompareView.svelte"),
  coverage: () => import("../coverage/CoverageView.svelte"),
  details: () => import("../details/Details.svelte"),
  export: () => import("../export/ExportDialog.svelte"),
  findings: () => import("../findings/FindingsView.svelte"),
  firstRun: () => import("../first-run/FirstRun.svelte"),
  locked: () => import("./Locked.svelte"),
  networks: () => import("../networks/NetworksView.svelte"),
  networkCheck: () => import("../network-check/NetworkCheckView.svelte"),
  pairing: () => import("../pairing/PairingView.svelte"),
  radio: () => import("../radio/RadioView.svelte"),
  settings: () => import("../settings/SettingsView.svelte"),
  shortcuts: () => import("./Shortcuts.svelte"),
  sources: () => import("../sources/SourcesView.svelte"),
  table: () => import("../table/TableView.svelte"),
};

/** Fetches all of them when there is nothing else to do: a page whose service is gone can still be looked around in. */
export function fetchAll(): void {
  const fetchNow = (): void => {
    for (const room of Object.values(rooms)) room().catch(() => undefined);
  };
  if ("requestIdleCallback" in window) window.requestIdleCallback(fetchNow, { timeout: 5_000 });
  else setTimeout(fetchNow, 1_000);
}
