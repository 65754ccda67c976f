"""Second solvers for general/diagnostic: words typed in a second time, and a box of boxes."""

import re
from difflib import get_close_matches

from solvers import solves

WORDS = """\
animal apple black bread brother dinner doctor evening father flower friend garden green happy house
kitchen large letter light morning mother music night number orange paper people river school sister
small street summer table teacher water white window winter yellow
beautiful because birthday breakfast business century chocolate circle dangerous different engine
exercise holiday hospital important island journey knowledge language library machine medicine
minute mountain newspaper picture question science surprise thousand together tomorrow umbrella
vacation vegetable village weather wonderful
beginning believe calendar definite disappear disappoint environment equipment experience familiar
foreign forty government grammar guarantee height immediately interrupt jealous length necessary
ninth occasion opinion parallel parliament persuade possession privilege receive recommend relevant
restaurant rhythm sentence separate similar sincerely successful temperature twelfth
accommodate acquaintance acquire apparent appearance bureau committee conscience conscious
correspond embarrass exaggerate existence fascinate independent intelligent irrelevant lieutenant
maintenance millennium mischievous misspell noticeable occurrence perseverance pronunciation
questionnaire reference resistance schedule supersede surveillance tendency threshold unanimous
vacuum vicious weird
asphyxiate bouillon camouflage catarrh chrysanthemum connoisseur conscientious dachshund desiccate
diphtheria dumbbell effervescent entrepreneur euphemism fluorescent hierarchy hippopotamus hypocrisy
idiosyncrasy inoculate labyrinth liaison mnemonic onomatopoeia ophthalmology paraphernalia pharaoh
playwright pneumonia quarantine reminiscent rendezvous rhododendron sacrilegious silhouette
soliloquy sovereign susceptible symmetry synonym tyranny vinaigrette"""
SPELLED = re.findall(r"\w+", WORDS)


@solves("general/diagnostic/misspelled_word")
def misspelled_word(question: str) -> str:
    listed = re.search(r": ([a-z, ]+)[.?]", question)[1].split(", ")
    wrong = [word for word in listed if word not in SPELLED]
    return ", ".join(get_close_matches(w, SPELLED, n=1, cutoff=0.5)[0] for w in wrong) or "none"


@solves("general/diagnostic/wrong_step_in_instructions")
def wrong_step_in_instructions(question: str) -> str:
    holders = re.match(r"The ([\w, ]+?) (?:is|are) closed", question)[1]
    room: dict = {"lid": True, "in": {}}
    names = re.findall(r"\b(?!the\b|and\b)\w+", holders)
    for name in names:
        room["in"][name] = {"lid": False, "in": {}}
    for number, text in re.findall(r"^(\d+)\. (.+)\.$", question, re.M):
        if not done(room, text, names[0] if len(names) == 1 else None):
            return number
    return "none"


def done(room: dict, text: str, only: str | None) -> bool:
    words = re.findall(r"the (\w+)", text)
    target = visible(room, only or words[-1])
    if target is None:
        return False
    if text.startswith(("Open", "Close")):
        before, target["lid"] = target["lid"], text.startswith("Open")
        return before != target["lid"]
    thing = words[0]
    if not target["lid"]:
        return False
    if text.startswith("Take"):
        room["in"][thing] = target["in"].pop(thing, None)
        return room["in"][thing] is not None
    if thing not in room["in"] and anywhere(room, thing):
        return False
    target["in"][thing] = room["in"].pop(thing, {"lid": False, "in": {}})
    return True


def visible(place: dict, name: str) -> dict | None:
    """What can be reached through open lids only."""
    if not place["lid"]:
        return None
    inner = place["in"]
    found = [inner[name]] if name in inner else [visible(p, name) for p in inner.values()]
    return next((f for f in found if f is not None), None)


def anywhere(place: dict, name: str) -> bool:
    return name in place["in"] or any(anywhere(p, name) for p in place["in"].values())
