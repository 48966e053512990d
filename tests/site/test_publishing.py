"""What depends on where the site is published: the archive of it."""

import zipfile


def test_the_archive_holds_the_whole_site_and_is_linked(site):
    with zipfile.ZipFile(site / "cnn-course-site.zip") as archive:
        assert archive.testzip() is None
        packed = {name for name in archive.namelist() if not name.endswith("/")}
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    assert packed == {f"cnn-course-site/{name}" for name in files - {"cnn-course-site.zip"}}
    assert "cnn-course-site/book/index.html" in packed
    assert 'href="../cnn-course-site.zip"' in (site / "book/student-guide.html").read_text("utf8")
