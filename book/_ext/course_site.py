"""What the course's website needs beyond its theme: formulas, figures, addresses, API, Python.

One Sphinx extension; each task has its own module beside this one.
"""

import os

import api_pages
import chapter_pdf
import classic_scripts
import exercise_pages
import figure_sizes
import formulas
import html_repairs
import in_browser
import index_link
import launch
import light_pages


def set_addresses(app, config):
    """Take the public address of the site from the environment.

    Without ``SITE_URL`` the site makes no claim about where it lives: no canonical address and no
    site map. A workflow that publishes it sets the variable.
    """
    site_url = os.environ.get("SITE_URL", "").rstrip("/")
    if not site_url:
        return
    config.html_baseurl = config.ogp_site_url = f"{site_url}/"
    config.ogp_image = f"{site_url}/_static/social-preview.png"
    config.ogp_image_alt = "A 3 by 3 window slides over a grid of pixels and adds up products."
    config.notfound_urls_prefix = "/" + site_url.partition("://")[2].partition("/")[2].strip("/")
    if not config.notfound_urls_prefix.endswith("/"):
        config.notfound_urls_prefix += "/"
    config.sitemap_url_scheme = "{link}"


def setup(app):
    """Connect everything (called by Sphinx)."""
    formulas.prepare()
    if os.environ.get("SITE_URL"):
        app.setup_extension("sphinx_sitemap")
    app.connect("config-inited", set_addresses)
    api_pages.connect(app)
    in_browser.connect(app)
    launch.connect(app)
    exercise_pages.connect(app)
    figure_sizes.connect(app)
    html_repairs.connect(app)
    index_link.connect(app)
    chapter_pdf.connect(app)
    classic_scripts.connect(app)
    light_pages.connect(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
