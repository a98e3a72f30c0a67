"""Somebody with a browser of their own: no cookie is shared with anybody else."""

from playwright.sync_api import Browser, Page

from tests.up.parts import Up

# What the content policy held back, also where Chromium says nothing of it.
TELL = "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective, e.blockedURI))"


def visitor(browser: Browser, width: int, problems: list[str], javascript: bool = True) -> Page:
    """Errors of the page are added to `problems`."""
    context = browser.new_context(viewport={"width": width, "height": 820}, java_script_enabled=javascript)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.add_init_script(TELL)
    page.on("pageerror", lambda error: problems.append(str(error)))
    return page


def sign_in(page: Page, up: Up) -> None:
    """As the owner that every new installation has."""
    page.goto(up.url())
    page.get_by_label("E-mail address").fill(up.credentials["demo"]["email"])
    page.get_by_label("Password", exact=True).fill(up.credentials["demo"]["password"])
    page.get_by_role("button", name="Sign in").click()


def pass_access(page: Page, email: str) -> None:
    """At the login page of the simulated edge."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Sign in").click()
