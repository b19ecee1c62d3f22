// Keys go to the program from the start. textual.js marks the body once it is connected; before, it can't send a focus.
window.addEventListener("load", () => {
  const connected = new MutationObserver(() => {
    if (document.body.classList.contains("-loaded")) {
      connected.disconnect();
      document.querySelector(".xterm-helper-textarea").focus();
    }
  });
  connected.observe(document.body, { attributes: true, attributeFilter: ["class"] });
});
