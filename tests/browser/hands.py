"""Two ways to work on a page: with the mouse, and by the keyboard alone.

A story is told once and played with both, so whatever can be clicked is also proved to be reached
by Tab, in sight of who presses it. Used by ``test_by_hand.py`` and by the walk of every page.
"""

from playwright.sync_api import expect


def reach(page, name, most=40):
    """Press Tab until something of this name or id has the focus, as people without a mouse do."""
    for _ in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => { const node = document.activeElement, style = getComputedStyle(node);
                return [(node.getAttribute("aria-label") || node.textContent).trim(), node.id,
                        style.outlineStyle !== "none" || style.boxShadow !== "none"]; }"""
        )
        if name in found[:2]:
            # Who cannot see where they are is lost.
            assert found[2], f"no sign of the focus on {name}"
            return
    raise AssertionError(f"{name} is not reached by Tab")


class Mouse:
    """Points and clicks."""

    def __init__(self, page):
        self.page = page

    def press(self, name):
        """Press a button or follow a link, by its name or id."""
        _named(self.page, name).click()

    def write(self, field, text):
        """Fill a field, by its id."""
        self.page.fill(f"#{field}", text)

    def choose(self, field, label):
        """Choose from a list, by its id."""
        self.page.select_option(f"#{field}", label=label)

    def pick(self, group, value):
        """Pick one of some that exclude each other."""
        self.page.check(f'input[name="{group}"][value="{value}"]')


class Keys:
    """Has no mouse."""

    def __init__(self, page):
        self.page = page

    def press(self, name):
        """Press a button or follow a link, by its name or id."""
        expect(_named(self.page, name)).to_be_visible()
        reach(self.page, name, 150)
        self.page.keyboard.press("Enter")

    def write(self, field, text):
        """Fill a field, by its id."""
        self._to(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def choose(self, field, label):
        """Choose from a list, by its id: typing its first letters, as lists have it."""
        self._to(field)
        self.page.keyboard.type(label)
        expect(self.page.locator(f"#{field} option:checked")).to_have_text(label)

    def pick(self, group, value):
        """Pick one of some that exclude each other: Tab to the group, arrows inside it."""
        within = "name => document.activeElement.name === name"
        for _ in range(60):
            if self.page.evaluate(within, group):
                break
            self.page.keyboard.press("Tab")
        for _ in range(30):
            if self.page.evaluate("document.activeElement.value") == value:
                # The arrows check what they reach; the first one may be there already.
                self.page.keyboard.press("Space")
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{value} is not reached among {group}")

    def _to(self, field):
        if self.page.evaluate("document.activeElement.id") != field:
            reach(self.page, field, 150)


_PRESSED = ("button", "link")


def _named(page, name):
    buttons, links = (page.get_by_role(role, name=name, exact=True) for role in _PRESSED)
    return buttons.or_(links).or_(page.locator(f'[id="{name}"]')).first
