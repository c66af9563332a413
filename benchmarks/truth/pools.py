"""What the accounts, people, features and sentences of each half are called: names of many languages.

The two halves share no name: what is found in the one was not learned in the other.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What one half's accounts, people, features and sentences of others are called."""

    companies: tuple[str, ...]
    people: tuple[str, ...]
    features: tuple[str, ...]
    hours: tuple[str, ...]
    savings: tuple[str, ...]
    goals: tuple[str, ...]
    commitments: tuple[str, ...]
    segments: tuple[str, ...]
    stages: tuple[str, ...]


TUNING = Pool(
    companies=(
        "Harbour Logistics", "Brückner & Söhne GmbH", "Studio 54 Interiors", "Łódź Logistyka", "キツネ商店",
        "Société Martin SA", "O'Neill Foods Ltd.", "Three Rivers Health", "Ångström AB", "Banco del Sur",
        "24/7 Care", "Kaya Tekstil", "Meridian Freight", "Zürcher Kantonswerke AG", "Pier 39 Seafood",
        "Żabka Dystrybucja", "株式会社みどり", "Groupe Lévêque SAS", "McAllister & Daughters Inc.", "Seven Oaks Dental",
        "Öresund Energi", "Nova Terra Lda", "Q8 Mining", "Demir Çelik", "Blue Heron Labs",
        "Kestrel Aviation", "Groß & Partner KG", "Route 66 Diners", "Świt Logistics Sp. z o.o.", "北斗物流",
        "Compagnie Générale Hôtelière", "D'Angelo Marine Ltd", "Nine Elms Clinics", "Tromsø Fisk AS",
        "Azúcar del Valle", "3rd Mile Couriers", "Yıldız Cam", "Bluebell & Crane Inc.",
        "Ferrovia Norte S.p.A.",
    ),
    people=(
        "Alice Moreno", "Jonas Weber", "Priya Nair", "Hélène Dubois", "Søren Åkesson", "Miguel Ferreira",
        "Ewa Nowak", "Tom Baker", "Yuki Tanaka", "Grace O'Brien", "Mehmet Yılmaz", "Anna-Lena Vogt", "Mark Stone",
        "Дмитрий Орлов", "Chidi Okafor", "May Chen", "Beatrice Okonkwo", "Lukas Steiner", "Anjali Rao",
        "François Lemaire", "Ingrid Bjørnstad", "João Pereira", "Katarzyna Wiśniewska", "Will Hunter", "Haruto Sato",
        "Siobhán Kelly", "Elif Demirci", "Karl-Heinz Braun", "Rose Field", "Ольга Петренко", "Amara Nwosu",
        "June Park",
        "Catherine Mbeki", "Stefan Brandt", "Deepa Krishnan", "Éloïse Girard", "Håkon Lie", "Rui Gonçalves",
        "Zofia Dąbrowska", "Bill Winter", "Kenji Mori", "Niamh O'Sullivan", "Cem Aydın", "Eva-Maria Huber",
        "Hope Summers", "Андрей Волков", "Ngozi Eze", "April Young",
    ),
    features=(
        "Route Planner", "Dock Calendar", "Carrier Portal", "Claims Desk", "Insight 360", "Smart Alerts", "Sign-On",
        "iSync", "Budget Builder", "Audit Trail", "Shift Board", "Data Vault", "Cold Chain Monitor", "Yard View",
        "Supplier Hub", "Dispute Center", "Forecast 2.0", "Live Tiles", "SCIM", "eInvoice", "Scenario Lab",
        "Access Log", "Rota Designer", "Archive Plus",
        "Gate Planner", "Crew Roster", "Baggage Trace", "Refund Wizard", "Demand Lens", "Push Notices",
        "OAuth", "eSign", "Price Simulator", "Change Journal", "Slot Board", "Deep Freeze",
    ),
    hours=(
        "Planning hours saved", "Manual entry hours saved", "Reporting hours saved", "Scheduling hours saved",
        "Data entry hours avoided", "Audit preparation hours saved",
        "Rostering hours saved", "Reconciliation hours avoided", "Filing hours saved",
    ),
    savings=(
        "Detention fees avoided", "Overtime saved", "Printing costs cut", "Penalties avoided", "Licences retired",
        "Spoilage avoided", "Courier costs saved", "Storage fees cut", "Late fees avoided", "Agency costs avoided",
        "Demurrage avoided", "Overbooking costs cut", "Fines avoided", "Paper costs saved",
        "Temp staff costs avoided",
    ),
    goals=(
        "Cut truck waiting time by 20 % before the Christmas peak", "Pass the ISO 27001 audit in spring",
        "Onboard 300 drivers by October", "Move every site to Office 365",
        "Halve the spoilage rate before the summer of the trade fair", "Reach SOC 2 Type II this year",
        "Roll out to 45 branches by June", "Replace the Lotus 1-2-3 sheets",
        "Cut turnaround time by 12 % before the winter schedule", "Reach ISO 14001 by autumn",
        "Bring 60 stations onto one tool", "Retire the Excel 97 rosters",
    ),
    commitments=(
        "Connect the Antwerp warehouse", "Train the night shift", "Move billing to Office 365",
        "Import the old orders", "Set up two dashboards for Finance", "Review the ISO 9001 handbook",
        "Clean up the Rotterdam master data", "Coach the branch managers", "Switch the SOC 2 evidence to Access Log",
        "Publish the price list", "Run three pilots with the Lyon team", "Retire the AS400 export",
        "Load the Oslo stations", "Brief the shift leads", "Open the sandbox for Treasury",
        "Move the 2019 archive", "Settle the data processing terms", "Run two dry runs with Lisbon",
    ),
    segments=(
        "Mid-Market", "Enterprise", "SMB", "Strategic", "Commercial", "Public Sector",
        "Upper Mid", "Key Account", "Nonprofit",
    ),
    stages=(
        "Adopting", "Onboarding", "Renewing", "Ramping", "Implementing", "Expanding",
        "Live", "Piloting", "Scaling",
    ),
)  # fmt: skip
HELD_OUT = Pool(
    companies=(
        "Larkspur Veterinary", "Vogelsang Maschinenbau GmbH", "Área 12 Arquitectos", "7th Street Bakery",
        "Çınar Seramik", "Hraunfoss Travel ehf.", "白樺精機", "Ndlovu Haulage (Pty) Ltd", "Les Ateliers Béranger SAS",
        "Piątek Meble", "Copper Ladle Brewing Inc.", "Norrskog Bygg AB", "MacLeod, Finch & Rowe",
        "1847 Savings Bank", "Αιγαίο Ναυτιλιακή", "O'Malley Timber Ltd.",
    ),
    people=(
        "Max Green", "Augusta Lindqvist", "Γιώργος Παπαδόπουλος", "Nguyễn Thị Lan", "Þóra Jónsdóttir",
        "Oluwaseun Adeyemi", "Márta Szabó", "Jiří Novotný", "Aoife Byrne", "Fatima al-Rashid", "Pieter van der Meer",
        "Nur Aisyah Rahman", "Ravi Subramaniam", "María José Ortega", "Seo-yeon Kim", "Sunday Bassey",
        "Liisa Mäkinen", "Светлана Лебедева",
    ),
    features=(
        "Recall Manager", "Specimen Queue", "Dose Checker", "Vendor Scorecard", "Pulse 24", "SAML", "Kiln Watch",
        "Shelf Planogram", "Tender Room", "Quick Quote", "eLearning", "Batch Ledger", "iScan", "Heat Map",
    ),
    hours=(
        "Inspection hours saved", "Quoting hours saved", "Paperwork hours avoided", "Month-end closing hours saved",
    ),
    savings=(
        "Rework avoided", "Recall costs avoided", "Chargebacks avoided", "Consultant fees saved",
        "Energy costs cut", "Travel costs saved",
    ),
    goals=(
        "Bring first-pass yield to 97 % by the end of 2027", "Open 14 labs on the platform before 1 September",
        "Pass the GMP inspection on 12 March", "Cut the time to a quote from 5 days to 2",
        "Switch off the Access 2003 database in Q3",
    ),
    commitments=(
        "Ship 40 spare scanners to Ghent", "Migrate the 2021 batch records", "Teach 25 line leads in Porto",
        "Prepare the site visit of 15 May", "Agree the retention period with Legal",
        "Cut the sync interval to 15 minutes", "Fix the labels on line 3", "Hold the 9 June workshop for buyers",
    ),
    segments=(
        "Corporate", "Growth", "Regulated Industries",
    ),
    stages=(
        "Mature", "Rolling Out", "Consolidating",
    ),
)  # fmt: skip
