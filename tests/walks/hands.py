"""Two ways to use a page: with a mouse, and with nothing but a keyboard."""

from typing import Protocol

from playwright.sync_api import Locator

# More elements than any page of the walks has on its way round.
FARTHEST = 250
DRAWN = "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(go, 50))))"
FOCUSED = "(element) => element === document.activeElement"
ONE_FOCUSED = "(elements) => elements.includes(document.activeElement)"
# What shows that it has the focus: the element itself, or what a person sees in its place. It must be in sight as well.
SEEN = """
(element) => {
    const box = element.matches("input, textarea, select") ? element.parentElement : null;
    const drawn = [element, element.closest("label"), element.labels?.[0], element.closest("summary"), box]
        .filter(Boolean);
    const ringed = (one) => {
        const style = getComputedStyle(one);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    };
    if (!element.matches(":focus-visible")) return "it does not match :focus-visible";
    if (!drawn.some(ringed)) return "nothing is drawn around it";
    const shown = drawn.find((one) => one.getBoundingClientRect().width > 1) ?? element;
    const area = [...shown.getClientRects()].find((one) => one.width > 0);
    if (!area || area.bottom < 1 || area.top > innerHeight - 1) return "it is out of sight";
    const at = document.elementFromPoint(
        Math.min(Math.max(area.left + area.width / 2, 1), innerWidth - 1),
        Math.min(Math.max(area.top + area.height / 2, 1), innerHeight - 1),
    );
    const met = at && drawn.some((one) => one.contains(at) || at.contains(one));
    return met ? "" : `${at?.outerHTML.slice(0, 120)} lies over it`;
}
"""


class Hand(Protocol):
    def press(self, control: Locator) -> None:
        """A link, a button, the head of a menu."""

    def write(self, field: Locator, text: str) -> None:
        """In place of what stands there."""

    def tick(self, choice: Locator) -> None:
        """A box, or one of several choices."""

    def choose(self, select: Locator, label: str) -> None:
        """One entry of a list that opens."""


class Mouse:
    def press(self, control: Locator) -> None:
        """Once what was scrolled is drawn: until then Chromium asks the frame that was there who was hit."""
        control.click(trial=True)
        control.page.evaluate(DRAWN)
        control.click()

    def write(self, field: Locator, text: str) -> None:
        field.fill(text)

    def tick(self, choice: Locator) -> None:
        choice.check()

    def choose(self, select: Locator, label: str) -> None:
        select.select_option(label=label)


class Keyboard:
    """Fails where something can't be reached by Tab alone, or does not show that it was."""

    def press(self, control: Locator) -> None:
        self.reach(control)
        control.page.keyboard.press("Enter")

    def write(self, field: Locator, text: str) -> None:
        self.reach(field)
        keyboard = field.page.keyboard
        keyboard.press("Control+A")
        keyboard.press("Delete")
        keyboard.type(text)

    def tick(self, choice: Locator) -> None:
        """Of several choices Tab reaches one, and the arrows lead on from there."""
        keyboard = choice.page.keyboard
        if choice.get_attribute("type") == "radio":
            group = choice.page.locator(f"input[type=radio][name='{choice.get_attribute('name')}']")
            self.reach(choice, among=group)
            for _ in range(group.count()):
                if choice.is_checked():
                    break
                keyboard.press("Space" if choice.evaluate(FOCUSED) else "ArrowDown")
        else:
            self.reach(choice)
            if not choice.is_checked():
                keyboard.press("Space")
        assert choice.is_checked()

    def choose(self, select: Locator, label: str) -> None:
        self.reach(select)
        select.page.keyboard.type(label)
        assert select.evaluate("(element) => element.selectedOptions[0].label") == label

    def reach(self, control: Locator, among: Locator | None = None) -> None:
        """`among`: any of these will do."""
        keyboard = control.page.keyboard
        for _ in range(FARTHEST):
            if control.evaluate(FOCUSED) or (
                among and among.evaluate_all("(all) => all.includes(document.activeElement)")
            ):
                break
            keyboard.press("Tab")
        else:
            raise AssertionError(f"Tab does not lead to {control}")
        told = control.page.evaluate(f"({SEEN})(document.activeElement)")
        assert told == "", f"{control} has the focus, but {told}"
