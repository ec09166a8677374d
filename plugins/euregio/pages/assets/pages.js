// Within Airflow's frame a link to Airflow itself opens in its window: the frame may not, so the window's own document does.
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-airflow]");
  if (!link || window.parent === window || event.ctrlKey || event.metaKey) return;
  try {
    const outer = window.parent.document.createElement("a");
    outer.href = link.href;
    window.parent.document.body.append(outer);
    event.preventDefault();
    outer.click();
    outer.remove();
  } catch { /* another origin's frame: the link opens here */ }
});
