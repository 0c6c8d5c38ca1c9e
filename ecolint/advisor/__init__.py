"""The advisor: questions about one deployment, answered from the same facts, rows and rules as findings are."""
