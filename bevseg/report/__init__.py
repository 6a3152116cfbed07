"""What a run made of its clouds -> pages that a person reads, prints and hands over: report.html."""
