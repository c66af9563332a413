"""What a CSM would have written about an account: notes and goals of the demo's customers."""

from random import Random

from csm_portal.demo.trajectories import Shape

_NOTES: dict[Shape, tuple[str, ...]] = {
    Shape.STRONG: (
        "{who} spoke for us at the user day. Reference call agreed, please ask before using the logo.",
        "Quarterly call went well. {who} wants the payroll export for two more sites.",
        "Very engaged team. {who} answers within the hour and asked to join the beta group.",
    ),
    Shape.STEADY: (
        "Uses what they bought, asks for little. {who} prefers mail to calls.",
        "Rollout is complete. {who} would like a yearly review rather than a quarterly one.",
        "Stable, but forecasting was never switched on. Offer {who} a session.",
    ),
    Shape.EXPANDING: (
        "Second plant goes live next month; {who} asked what forty more seats would cost.",
        "Seats are nearly full. {who} has budget for the new year and wants a proposal.",
    ),
    Shape.SLIPPING: (
        "Logins have been falling since the reorganisation. {who} says the new shift leads were never trained.",
        "{who} moved the last two calls. Team leads went back to spreadsheets for swaps.",
    ),
    Shape.COLLAPSED: (
        "Usage fell off a cliff after the site closure. {who} will not say whether the contract stays.",
        "A rival is running a pilot in two depots; heard it from their IT, not from {who}.",
    ),
    Shape.CHAMPION_LEFT: (
        "Our champion left at short notice. {who} took over and has not seen the product before.",
        "{who} is interim only. We need a sponsor above operations before the renewal.",
    ),
    Shape.RECOVERING: (
        "The rescue plan works: weekly office hours with {who}, adoption is climbing again.",
        "After the import was fixed {who} reopened the rollout. Keep the fortnightly call.",
    ),
    Shape.SEASONAL: ("Quiet every year once the season ends; {who} confirms it is no cause for worry.",),
    Shape.NEW: (
        "Kick-off done, data import half way. {who} leads the project on their side.",
        "Onboarding: first two teams are live, {who} plans the other five before the quarter ends.",
    ),
    Shape.ARREARS: (
        "The last invoice is open. {who} says that their finance system was replaced; follow up with accounts payable.",
    ),
    Shape.OVERDUE: ("The renewal date has passed and the paper is not signed. {who} is waiting for legal.",),
    Shape.SILENT: ("Bought through a partner, who has not shared usage with us yet.",),
}

_GOALS = (
    "Fill 95 % of open shifts two days ahead.",
    "Cut overtime by a tenth within the year.",
    "One rota for all sites before the summer.",
    "Replace three spreadsheets and the wall planner.",
    "Give team leads an hour a day back.",
)


def notes_for(shape: Shape, contact: str, random: Random) -> str:
    """Return a note that fits the account's year."""
    return random.choice(_NOTES[shape]).format(who=contact)


def goals_for(random: Random) -> str:
    """Return what such a customer bought the product for."""
    return " ".join(random.sample(_GOALS, k=random.choice((1, 2))))
