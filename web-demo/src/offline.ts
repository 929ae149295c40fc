// Keeps the page for later use without a network, and says when a newer one has come.
import { byId, h } from "./element.js";
import { isOneFile } from "./engine.js";

/** Local files, plain http and sandboxed frames have no service worker. */
export async function goOffline(): Promise<void> {
  if (isOneFile() || !isSecureContext) return;
  try {
    const { serviceWorker } = navigator;
    // The first one to take over is of this very build.
    let taken = serviceWorker.controller !== null;
    serviceWorker.addEventListener("controllerchange", () => {
      if (taken) offerReload();
      taken = true;
    });
    const { scope } = await serviceWorker.register("service-worker.js");
    await serviceWorker.ready;
    // Under another address than the one that the service worker answers for, the page needs its host.
    byId("offline").hidden = ![scope, `${scope}index.html`].includes(location.origin + location.pathname);
  } catch {
    // A private window may refuse; the page works all the same.
  }
}

/** This page goes on with what it has; what it shows was checked by the verifier that the footer names. */
function offerReload(): void {
  const place = byId("renewed");
  place.hidden = false;
  place.replaceChildren(
    "Another version of this page is here. ",
    h("button", { type: "button", class: "fold", onclick: () => location.reload() }, "Reload"),
  );
}
