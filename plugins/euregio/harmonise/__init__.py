"""Step 3: decoded records to rows of the common model, each with a verdict."""
