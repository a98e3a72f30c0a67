"""One after the other, as it happens: somebody new; an owner, who shares; the guest; and staff."""

from tests.walks import guest, newcomer, owner, staff
from tests.walks.guest import GINA
from tests.walks.scene import Scene


def walk(scene: Scene) -> None:
    newcomer.walk(scene)
    key = owner.prepare(scene)
    demo = owner.begin(scene)
    owner.look(demo, scene)
    owner.choose_addresses(demo)
    owner.share(demo, GINA)
    gina = guest.walk(scene)
    owner.share(demo, GINA)
    guest.is_given_it_again(gina)
    owner.revoke(demo, scene, gina)
    owner.record(demo, scene, key)
    staff.walk(scene, demo, key)
