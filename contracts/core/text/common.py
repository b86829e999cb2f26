"""Clauses that every kind of contract ends with, from the ledger to the signature."""

from __future__ import annotations

from typing import Final

from contracts.core.text.render import ClauseTemplate

LEDGER: Final = ClauseTemplate(
    "ledger",
    "The ledger as record",
    "以账本为准",
    """
Every receipt, transfer of title, transfer of custody, transformation, loss, assay and return of the material to which
this Agreement applies is recorded as an entry in the Ledger, in milligrams of contained element. An entry takes effect
between the Parties only when it carries the digital signatures that its kind requires of each of them.

Entries are never changed or deleted. An error is corrected by a further entry that names the one it corrects and is
signed by the same Parties. Between the Parties an entry so signed and included under a signed checkpoint is conclusive
evidence of what it states, save in the case of fraud or manifest error notified within 90 days after the entry was
made.

Each Party keeps its signing keys under its sole control and answers for every signature made with them until it has
notified the other Party, and recorded in the Ledger, that a key is withdrawn.

The digest of this Agreement, of each amendment of it and of each settlement statement issued under it is recorded in
the Ledger. A statement reproduces, for each line, the facts, terms and steps from which the amount can be computed
again.
""",
    """
凡适用本协议的矿物之接收、所有权转移、保管转移、加工转化、损耗、化验及归还，均以所含元素毫克数记入账本，作为一条分录。
分录须载有该类分录所要求的各方数字签名，方在双方之间生效。

分录不得更改或删除。如有错误，应另行过账一条指明被更正分录、并由相同各方签署的更正分录。凡经如此签署并纳入已签名
树根的分录，除欺诈或自该分录作出之日起 90 天内通知的明显错误外，在双方之间为其所载事项的最终证据。

各方应独自控制其签名密钥，并对以其密钥作出的每一签名负责，直至其已通知对方并在账本中记录该密钥已撤销为止。

本协议、其各项修订及依本协议出具的各份结算单之摘要均记入账本。结算单逐行列明可据以重新计算该金额的事实、条款与步骤。
""",
)

AUDIT: Final = ClauseTemplate(
    "audit",
    "Audit, data access and confidentiality",
    "审计、数据访问与保密",
    """
Each Party may, on 10 business days' notice and during business hours, itself or through an auditor bound to secrecy,
inspect the places, weighbridge and laboratory records, samples and books of the other that bear on this Agreement, and
verify against them the entries and statements made under it. The inspected Party gives the auditor read access to the
entries that concern it.

If an audit shows that a statement was wrong to the detriment of the auditing Party by more than 1 % of its total, the
other Party bears the cost of the audit. The correction is settled by a revision that bills the difference only.

Each Party keeps what it learns of the other's business under this Agreement confidential, and uses it only to perform
or enforce this Agreement or to comply with law. Digests and inclusion proofs that disclose no content are not
confidential.
""",
    """
任何一方可提前 10 个工作日通知，于营业时间内自行或经由负保密义务的审计师，查验对方与本协议有关的场所、地磅与化验记录、
留样及账册，并据以核验依本协议作出的分录与结算单。被查验方应向审计师开放与其有关分录的只读权限。

如审计表明某份结算单有误，且对审计方不利之差额超过其总额的 1%，审计费用由对方承担。更正以修订结算单作出，
仅就差额计收。

双方应对在本协议项下获知的对方业务信息保密，仅为履行或执行本协议或遵守法律之目的使用。不披露内容的摘要及包含证明不属于
保密信息。
""",
)

FORCE_MAJEURE: Final = ClauseTemplate(
    "force-majeure",
    "Force majeure",
    "不可抗力",
    """
A Party is not liable for a failure to perform that is caused by an event beyond its reasonable control which it could
not have foreseen or avoided, for as long as the event lasts, provided that it notifies the other Party within 5
business days and does what is reasonable to resume. Obligations to pay money are not excused.

Title to, and the obligation to account for, material in a Party's custody continue throughout. If the event lasts more
than 180 days either Party may terminate the part of this Agreement that it affects by notice.
""",
    """
因超出一方合理控制范围且无法预见或避免的事件导致其不能履行的，在该事件持续期间，该方不承担责任，但须在 5 个工作日内
通知对方，并采取合理措施恢复履行。付款义务不因此免除。

在此期间，一方保管之矿物的所有权及其说明去向的义务继续有效。该事件持续超过 180 天的，任何一方可通知终止本协议中受其
影响的部分。
""",
)

GENERAL: Final = ClauseTemplate(
    "general",
    "Notices, amendment and assignment",
    "通知、修订与转让",
    """
Notices are given in writing, in English or Chinese, to the address that a Party last notified, and take effect on
receipt on a business day at the place of receipt.

This Agreement is amended only by a further version that both Parties have signed in the same manner as this one. An
amendment states the day from which it has effect; amounts that accrued before that day are settled under the version
then in force.

Neither Party may assign its rights or transfer its obligations without the written consent of the other, not to be
unreasonably withheld. If a provision is invalid the remainder stands, and the Parties replace the provision by the
valid one that comes nearest to its commercial purpose.
""",
    """
通知应以中文或英文书面作出，送达一方最近告知的地址，并于收件地工作日收悉时生效。

本协议仅得以双方按与本协议相同方式签署的新版本予以修订。修订须载明生效日；该日前已产生的款项依当时有效的版本结算。

未经对方书面同意（对方不得无理拒绝），任何一方不得转让其权利或移转其义务。任何条款无效的，其余条款继续有效，双方应以最
接近其商业目的的有效条款予以替代。
""",
)

LAW: Final = ClauseTemplate(
    "law",
    "Governing law and disputes",
    "适用法律与争议解决",
    """
This Agreement, and any non-contractual obligation arising out of it, is governed by {governing_law}. The United Nations
Convention on Contracts for the International Sale of Goods does not apply.

A dispute that the Parties' management has not resolved within 30 days after notice of it is finally settled by
{dispute_forum}. A dispute about an assay, a weight or a computed amount is first referred to the umpire or to an
independent accountant, whose determination is final save for manifest error. Undisputed lines of a statement are paid
when due.
""",
    """
本协议及由其产生的任何非合同义务适用{governing_law_zh}。《联合国国际货物销售合同公约》不适用。

自争议通知之日起 30 天内未能由双方管理层解决的争议，由{dispute_forum_zh}最终解决。有关化验、重量或计算金额的争议，
应先提交仲裁化验机构或独立会计师，其决定除明显错误外为终局。结算单中无争议的行项应按期支付。
""",
)

LANGUAGE: Final = ClauseTemplate(
    "language",
    "Language",
    "语言",
    """
[[prevailing_language=en: This Agreement is made in English and Chinese. In case of discrepancy the prevailing language
is {prevailing_language}.]]
[[prevailing_language=zh: This Agreement is made in English and Chinese. In case of discrepancy the prevailing language
is {prevailing_language}.]]
[[prevailing_language=equal: This Agreement is made in English and Chinese, {prevailing_language} authentic. In case of
discrepancy the meaning that best reconciles the two texts, having regard to the terms recorded in figures, prevails.]]

The terms recorded in figures, of which both texts are written, prevail over words in either language.
""",
    """
[[prevailing_language=en:本协议以中英文订立。两种文本如有歧义，优先语言为{prevailing_language}。]]
[[prevailing_language=zh:本协议以中英文订立。两种文本如有歧义，优先语言为{prevailing_language}。]]
[[prevailing_language=equal:本协议以中英文订立，{prevailing_language}具有效力。如有歧义，
以兼顾两种文本及所载数字条款的
最佳解释为准。]]

两种文本均依据所载数字条款写成；数字条款优先于任一语言的文字表述。
""",
)


def signature(first: str, second: str) -> ClauseTemplate:
    """Return the signature clause of two parties, by the names of their roles."""
    names = {
        "lessor": ("Lessor", "出租方"),
        "lessee": ("Lessee", "承租方"),
        "seller": ("Seller", "卖方"),
        "buyer": ("Buyer", "买方"),
        "warrantor": ("Warrantor", "质保方"),
        "beneficiary": ("Beneficiary", "受益方"),
    }
    (one, one_zh), (two, two_zh) = names[first], names[second]
    return ClauseTemplate(
        "signature",
        "Signature",
        "签署",
        f"""
This Agreement takes effect when the authorised signatories of both Parties have signed its canonical form, being the
terms recorded in figures and the text in both languages, with their digital signatures, and the digest of it has been
recorded in the Ledger. No handwritten signature or seal is required; either Party may ask for a printed copy to be
sealed as well.

For the {one}: {{party.{first}}}. Name, title, key fingerprint, date.

For the {two}: {{party.{second}}}. Name, title, key fingerprint, date.
""",
        f"""
本协议自双方授权签署人以数字签名签署其规范文本（即所载数字条款及两种语言文本）并将其摘要记入账本时生效。无须手写签名或
盖章；任何一方可要求另行打印盖章。（以下无正文）

{one_zh}：{{party.{first}}}。姓名、职务、密钥指纹、日期。

{two_zh}：{{party.{second}}}。姓名、职务、密钥指纹、日期。
""",
    )
