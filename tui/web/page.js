// Focus the terminal once textual.js has connected (it then marks the body), so that keys reach the program at once.
window.addEventListener("load", () => {
  const connected = new MutationObserver(() => {
    if (document.body.classList.contains("-loaded")) {
      connected.disconnect();
      document.querySelector(".xterm-helper-textarea").focus();
    }
  });
  connected.observe(document.body, { attributes: true, attributeFilter: ["class"] });
});
