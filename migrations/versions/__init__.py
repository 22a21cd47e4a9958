"""One file a revision; `migrations.REVISIONS` lists them in order."""
