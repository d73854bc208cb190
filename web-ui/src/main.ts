import { mount } from "svelte";
import "./app.css";
import App from "./App.svelte";
import { live } from "./state/live.svelte";

const target = document.getElementById("app");
if (target) {
  // Asked for first: the answer is on its way while the page is put together.
  live.start();
  mount(App, { target });
}
