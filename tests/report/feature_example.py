"""Features by hand: a base and stages of which some survive all controls, and hostile contexts."""

from metaprobe.core.results import (
    ControlShare,
    EditControl,
    EditedSet,
    EditEffect,
    FeatureCard,
    FeatureChange,
    FeatureChanges,
    FeatureContext,
    FeatureScore,
    FeatureScores,
    FeatureShare,
    GroupFeatureChange,
    Intervention,
    LossRecovered,
    SaeQuality,
    SaeTraining,
    StageFeatures,
    Summary,
)
from metaprobe.core.stats import wilson
from metaprobe.core.vocabulary import Domain, Skill, Verdict

HOSTILE_TOKENS = ["<script>", "alert(1)", "\n", "</pre>", "\u202egnp.exe", "\x00\x1b[31m", "&amp;"]
CONTROLS = ("lexical", "random features", "token injection", "paraphrase", "all four")


def share(count: int, n: int) -> FeatureShare:
    """A count of features with its interval."""
    found = wilson(count, n)
    low, high = (None, None) if found is None else (found.low, found.high)
    return FeatureShare(count=count, n=n, share=count / n if n else None, low=low, high=high)


def change(lost: int, rotated: int, gained: int, n: int = 900) -> dict[str, FeatureShare]:
    """The fields of a change of n features."""
    return {
        "kept": share(n - lost - rotated, n),
        "rotated": share(rotated, n),
        "lost": share(lost, n),
        "gained": share(gained, n),
    }


def score(skill: Skill, feature: int, *, survives: bool) -> FeatureScore:
    """One scored feature."""
    return FeatureScore(
        group=skill,
        feature=feature,
        auroc=0.92,
        low=0.86,
        high=0.95,
        p_value=0.0001,
        q_value=0.0003,
        lexical=0.8,
        lexical_gap=0.12 if survives else -0.06,
        gap_low=0.02 if survives else -0.1,
        gap_high=0.2 if survives else -0.01,
        random=0.7,
        survives_lexical=survives,
        survives_random=True,
        survives_injection=survives,
        survives_paraphrase=None if not survives else True,
        of_skill=survives,
        n_items=250,
        n_group=50,
    )


def card(found: FeatureScore) -> FeatureCard:
    """A card whose tokens try to break out of their place."""
    context = FeatureContext(
        item="0123",
        domain=Domain.CODING,
        skill=Skill.SIMULATION,
        verdict=Verdict.WRONG,
        tokens=[*HOSTILE_TOKENS, " = ", "5", "0"],
        activations=[0.0, 1.0, 2.0, 0.5, 3.0, 4.0, 0.0, 5.7, 0.0, 1.5],
        peak=7,
    )
    return FeatureCard(
        score=found,
        top_tokens=["<b>", " = "],
        fires=0.022,
        fires_low=0.018,
        fires_high=0.027,
        n_tokens=27_537,
        contexts=[context] * 3,
    )


def effect(skill: Skill, value: float, *, beyond: bool) -> EditEffect:
    """What an edit does to one skill."""
    q = 0.01 if beyond else 0.6
    controls = [
        EditControl(
            kind=kind,
            effects=[0.01, -0.02],
            gap=value,
            gap_low=value - 0.08,
            gap_high=value + 0.08,
            p_value=q / 2,
            q_value=q,
        )
        for kind in ("random features", "random directions")
    ]
    return EditEffect(
        group=skill,
        accuracy=0.62,
        edited=0.62 + value,
        effect=value,
        low=value - 0.07,
        high=value + 0.07,
        p_value=q / 2,
        q_value=q,
        answered=0.98,
        answered_edited=0.97,
        controls=controls,
        beyond_random=beyond,
        n_items=40,
        n_samples=40,
    )


def intervention(mode: str, value: float, *, beyond: bool) -> Intervention:
    """An edit of five features."""
    chosen = EditedSet(features=[1, 2, 3, 4, 5], rate=0.3, mass=1.2)
    return Intervention(
        model="stage",
        weights="ab" * 32,
        module="model.layers.1",
        mode=mode,
        factor=0.0 if mode == "ablate" else None,
        base=None if mode == "ablate" else "nano/qwen3",
        base_weights=None if mode == "ablate" else "cd" * 32,
        chosen_by="simulation: tell it best, as none survives all controls",
        chosen=chosen,
        random_features=[chosen, chosen],
        skills=[
            effect(
                s, value if s is Skill.SIMULATION else 0.01, beyond=beyond and s is Skill.SIMULATION
            )
            for s in Skill
        ],
        cells=[],
        cpu_seconds=31.0,
    )


def stage_features(
    lost: int, gained: int, *, survivors: int, base: bool = False, edits: bool = False
) -> StageFeatures:
    """Features of one stage; the first skill has the survivors."""
    scores = [
        score(skill, 10 * n + k, survives=n == 0 and k < survivors)
        for n, skill in enumerate(Skill)
        for k in range(5)
    ]
    counts = {"lexical": survivors, "random features": 12, "token injection": 15, "paraphrase": 16}
    shares = []
    for control in CONTROLS:
        count = counts.get(control, survivors)
        found = share(count, 25)
        ends = {"share": found.share, "low": found.low, "high": found.high}
        shares.append(ControlShare(group="skills", control=control, survived=count, n=25, **ends))
    groups = [
        GroupFeatureChange(group=s, still=1, recruited=0, **change(1, 0, 2, 5)) for s in Skill
    ]
    none = [GroupFeatureChange(group=s, still=0, recruited=0, **change(0, 0, 0, 0)) for s in Skill]
    quality = SaeQuality(
        explained_variance=0.92,
        explained_low=0.91,
        explained_high=0.93,
        l0=16.0,
        l0_low=15.0,
        l0_high=17.0,
        silent=0.1,
        n_features=1280,
        n_rows=4000,
        n_texts=60,
    )
    recovered = LossRecovered(
        loss_clean=0.4,
        loss_spliced=0.42,
        loss_zero=6.0,
        recovered=0.99,
        recovered_low=0.98,
        recovered_high=0.995,
        n_texts=60,
        n_positions=2000,
    )
    return StageFeatures(
        training=SaeTraining(
            model="nano/qwen3",
            weights="ab" * 32,
            module="model.layers.1",
            loss=0.05,
            dead=0.0,
            rows=800_000,
            samples=1,
            max_new_tokens=192,
            cpu_seconds=9.0,
            quality=quality,
            loss_recovered=recovered,
        ),
        n_items=500,
        scores=FeatureScores(
            module="model.layers.1", scores=scores, shares=shares, reworded=250, not_reworded=0
        ),
        cards=[card(s) for s in scores if s.of_skill or s.feature % 10 == 0],
        changes=FeatureChanges(
            correlation_bound=0.5,
            cosine_bound=0.7,
            change=FeatureChange(**change(lost, 15, gained)),
            floor=None if base else FeatureChange(**change(63, 15, 230)),
            groups=groups if survivors else none,
            n_rows=53_000,
        ),
        candidates=groups,
        interventions=[
            intervention("ablate", -0.18, beyond=True),
            intervention("patch", 0.02, beyond=False),
        ]
        if edits
        else [],
    )


def with_features(summary: Summary, survivors: int = 2) -> Summary:
    """Put features into the base and the last stage of every arm but one."""
    summary.base.profile.features = stage_features(63, 230, survivors=survivors, base=True)
    for number, run in enumerate(summary.arms[:-1]):
        run.steps[-1].features = stage_features(
            60 + 60 * number, 230 + 90 * number, survivors=survivors, edits=True
        )
    return summary
