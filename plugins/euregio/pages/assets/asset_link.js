// On an asset's page in Airflow's own UI: a link to the page that the asset's facts name (extra.page). Airflow 3.3 gives
// plugins no other place there. A component for its React, mounted on every page; anywhere else it shows nothing.
globalThis["Euregio links"] = function EuregioLinks() {
  const { createElement, useEffect, useState } = globalThis.React;
  const [page, setPage] = useState(null);
  useEffect(() => {
    let at = null;
    const look = async () => {
      const id = /\/assets\/(\d+)\/?$/.exec(location.pathname)?.[1] ?? null;
      if (id === at) return;
      at = id;
      setPage(null);
      if (id === null) return;
      try {
        const answer = await fetch(new URL(`api/v2/assets/${id}`, document.baseURI));
        const path = answer.ok ? (await answer.json()).extra?.page : null;
        if (at === id && typeof path === "string" && path.startsWith("/euregio/")) setPage(path);
      } catch { /* the page stays as Airflow made it */ }
    };
    look();
    const timer = setInterval(look, 500); // the UI changes its address without telling
    return () => { at = null; clearInterval(timer); };
  }, []);
  if (page === null) return null;
  const style = {
    background: "#0b4f8a", borderRadius: "4px", bottom: "1rem", color: "#ffffff", fontWeight: 600, padding: ".6rem 1rem",
    position: "fixed", right: "1rem", textDecoration: "underline", zIndex: 10,
  };
  const text = page.startsWith("/euregio/atlas") ? "The atlas" : "Page of the dataset";
  return createElement("a", { href: new URL(page.slice(1), document.baseURI).href, style }, text);
};
