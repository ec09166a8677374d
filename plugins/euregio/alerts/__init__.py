"""Run alerts: from what went wrong to one incident, plain words, and the people who should know."""
