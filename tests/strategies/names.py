"""What generated rules ask for and generated histories tell of, few enough that the two meet."""

# The clocks of New York change on 8 March 2026, those of Havana on the same day at midnight.
TIMEZONES = ("UTC", "-08:00", "+05:30", "America/New_York", "America/Havana")

NAMES = ("Signed In", "Report Made", "Payment Failed", "Überwiesen ✓")
BILLING_NAMES = ("Subscription Started", "Subscription Updated", "Subscription Paused", "Subscription Cancelled")
DERIVED_NAMES = ("MRR New", "MRR Reactivation", "MRR Expansion", "MRR Contraction", "MRR Churn")

NUMBER_TRAITS = ("seats", "mrr")
TEXT_TRAITS = ("plan", "subscription.status", "company.name", "group.tier")
BOOLEAN_TRAITS = ("beta", "paying")
TIME_TRAITS = ("renews_at", "trial_ends_at")
LIST_TRAITS = ("tags",)
TRAITS = (*NUMBER_TRAITS, *TEXT_TRAITS, *BOOLEAN_TRAITS, *TIME_TRAITS, *LIST_TRAITS)

NUMBER_PROPERTIES = ("amount", "size.mb")
TEXT_PROPERTIES = ("format",)
BOOLEAN_PROPERTIES = ("draft",)
TIME_PROPERTIES = ("due_at",)
LIST_PROPERTIES = ("labels",)
PROPERTIES = (
    *NUMBER_PROPERTIES,
    *TEXT_PROPERTIES,
    *BOOLEAN_PROPERTIES,
    *TIME_PROPERTIES,
    *LIST_PROPERTIES,
)

TEXTS = ("free", "pro", "active", "past_due", "größer", "ﬁ", "🦊")  # by code points the fox is the greatest
AMOUNTS = (0.1, 0.2, 0.3, 5, 19.99, 1e10, 1.5e10, 0.0000005)
SMALL = tuple(sorted({text.lower() for text in TEXTS}))
PARTS = ("pro", "o", "e", "ﬁ", "größ", "🦊", "past_due!")  # small letters, as lower(..) has them
LISTED: tuple[float | str | bool, ...] = ("vip", "pro", "1", 1, True)
