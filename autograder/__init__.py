"""Grade strangers' notebooks fairly: isolated, parallel, resumable, on nbgrader's gradebook.

``outcomes`` the vocabulary, ``rebuild`` the notebook to run, ``sandbox`` the walls, ``wire`` what
may cross them, ``grade`` one submission, ``pool`` many, ``journal`` what has been done, ``record``
the gradebook, ``feedback`` and ``export`` what leaves. ``python -m autograder --help`` lists the
commands.
"""

__version__ = "0.1.0"
