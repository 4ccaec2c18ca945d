"""Build with ``sphinx-build -W --keep-going -b html docs docs/_build/html``."""

import sys
from pathlib import Path

import csmetrics

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "csmetrics"
author = "The csmetrics developers"
copyright = author
version = release = csmetrics.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
    "metric_pages",
    "mathml",
    "notebooks",
    "drawings",
    "pictures",
    "next_release",
]
exclude_patterns = ["_build", "performance-results.md", "performance-limits.md"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"  # the notebooks hold no output
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 120  # seconds for one cell
nb_execution_show_tb = True
nb_merge_streams = True
nb_output_stderr = "warn"
default_role = "py:obj"  # a name in backticks links to its entry, and is code where it has none

add_module_names = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_validation_checks = {
    "all",
    "ES01",  # a sentence and a formula say it
    "GL01",  # the summary stands on the first line
    "PR04",  # types stand in the signature
    "RT02",
    "SS05",  # a formula's first line says what it is, and "Days" is no verb
    "SA01",  # See Also is for metrics with a neighbour
    "SA04",  # and a metric's title is on its page
    "EX01",  # small things need no example
    "YD01",
}

numpydoc_validation_overrides = {"PR01": [r"\n\s*Attributes\n\s*-{10}"]}  # fields are documented as attributes
numpydoc_validation_exclude = {  # a sentence says it all
    r"\.Bands$",
    r"\.MetricSpec\.compute$",
    r"\.CsmetricsError\.as_dict$",
    r"\.(MetricInput|UndefinedMetric|MissingColumn)Error$",
}

html_theme = "pydata_sphinx_theme"
html_title = "csmetrics"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["questions.js"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "csmetrics"},
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
ALONE = ("index", "getting-started", "metrics/questions", "gallery", "genindex", "py-modindex", "search")
html_sidebars = {page: [] for page in ALONE}  # no section to navigate in
html_context = {"default_mode": "auto"}
copybutton_prompt_text = r">>> |\.\.\. |\$ "  # a copy is code: without prompts, and without what the code prints
copybutton_prompt_is_regexp = True
