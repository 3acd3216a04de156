// Wide tables scroll by themselves: who has no mouse gets there with Tab.
const reach = () => {
  for (const one of document.querySelectorAll(".md-typeset__scrollwrap")) one.tabIndex = 0;
};
document.addEventListener("DOMContentLoaded", reach);
window.addEventListener("load", reach);
