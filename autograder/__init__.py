"""Grades notebook submissions in isolation, in parallel, on the gradebook format of nbgrader."""
