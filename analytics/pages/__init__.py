"""The page on which a form's team reads its numbers."""
