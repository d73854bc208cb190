// Which step to take next, and what no step can add.

import { ask, byId, count, h, morph } from "/elements.js";

const EVERY_MILLISECONDS = 15000;
const STEPS_SHOWN = 8;

const stepItem = (step) => h("li", { "data-key": step.id }, h("b", null, step.title), step.detail && h("p", { class: "quiet" }, step.detail));
const remarkItem = (remark) => h("li", { "data-key": remark.id }, h("b", null, remark.title), remark.detail && h("p", { class: "quiet" }, remark.detail));

async function show() {
  if (document.hidden) return;
  // A service that makes no plan has none to show.
  const plan = await ask("/api/v1/plan").catch(() => null);
  byId("plan").hidden = !plan?.summary;
  if (!plan?.summary) return;
  const { steps = [], remarks = [] } = plan;
  const more = steps.length - STEPS_SHOWN + (plan.more_steps ?? 0);
  morph(byId("plan-body"), h("div", { id: "plan-body" },
    h("p", null, plan.summary),
    steps.length > 0 && h("details", { "data-key": "steps" },
      h("summary", null, `What would add most (${count(steps.length + (plan.more_steps ?? 0), "step")})`),
      h("ol", null, steps.slice(0, STEPS_SHOWN).map(stepItem)),
      more > 0 && h("p", { class: "quiet" }, `and ${more} more: weft plan lists them`)),
    remarks.length > 0 && h("details", { "data-key": "remarks" },
      h("summary", null, `Good to know (${remarks.length})`),
      h("ul", null, remarks.map(remarkItem)))));
}

let following = null;

/** Shows the plan, and keeps it up to date. */
export function followPlan() {
  following ??= setInterval(show, EVERY_MILLISECONDS);
  show();
}
