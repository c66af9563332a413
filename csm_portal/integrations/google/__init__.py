"""Gmail drafts and Google Chat, through Google's own client library."""
