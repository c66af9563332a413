"""Local servers that answer as Gmail, Google Chat and Google's tokens do, and one that takes signed webhooks."""
