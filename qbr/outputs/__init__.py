"""Files of a review: Markdown, PDF and slides, all made from the document tree that was approved. Pure."""
