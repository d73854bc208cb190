//! Whether all that names the vendor and the product names the same (Matter core specification 1.4, 6.3.1 and 6.2.3.1).

use super::Outcome;
use super::declaration::Declaration;

/// Who says what, each vendor and product id.
pub(super) struct Told<'a> {
    /// The device's certificate, which has both.
    pub(super) dac: Option<(Option<u16>, Option<u16>)>,
    /// The intermediate certificate, which may leave out the product.
    pub(super) pai: Option<(Option<u16>, Option<u16>)>,
    /// The certification declaration, be it signed or not.
    pub(super) declaration: Option<&'a Declaration<'a>>,
    /// The device.
    pub(super) basic_information: (Option<u16>, Option<u16>),
    /// The setup code or the announcement.
    pub(super) expected: (Option<u16>, Option<u16>),
}

/// Holds them against each other.
pub(super) fn check(told: &Told<'_>) -> Outcome {
    let (Some((Some(vendor), Some(product))), Some(pai)) = (told.dac, told.pai) else {
        return Outcome::NotChecked("the certificates cannot be read".to_owned());
    };
    let Some(declaration) = told.declaration else {
        return Outcome::NotChecked("the certification declaration cannot be read".to_owned());
    };
    Outcome::of(compare((vendor, product), pai, declaration, told))
}

fn compare((vendor, product): (u16, u16), pai: (Option<u16>, Option<u16>), declaration: &Declaration<'_>, told: &Told<'_>) -> Result<(), String> {
    let differs = |one: &str, own: String, other: &str, others: String| Err(format!("{one} says {own}, and {other} says {others}"));
    let vendor_text = |id: u16| format!("vendor {id:#06x}");
    let product_text = |id: u16| format!("product {id:#06x}");
    let certificate = "the device's certificate";

    if let Some(other) = pai.0.filter(|other| *other != vendor) {
        return differs(certificate, vendor_text(vendor), "the intermediate one", vendor_text(other));
    }
    if let Some(other) = pai.1.filter(|other| *other != product) {
        return differs(certificate, product_text(product), "the intermediate one", product_text(other));
    }
    let products = declaration.product_ids();
    let (allowed_vendor, allowed_products) = match declaration.certificate_origin() {
        Some((vendor, product)) => (vendor, vec![product]),
        None => (declaration.vendor_id(), products.to_vec()),
    };
    if vendor != allowed_vendor {
        return differs(
            certificate,
            vendor_text(vendor),
            "the certification declaration",
            vendor_text(allowed_vendor),
        );
    }
    if !allowed_products.contains(&product) {
        return Err(format!(
            "{certificate} says {}, which the certification declaration is not for",
            product_text(product)
        ));
    }
    // Zero stands for "not told" in codes and announcements, and is nobody's id in the device itself.
    let told_by_code = |id: Option<u16>| id.filter(|id| *id != 0);
    let others = [
        ("the device", told.basic_information),
        ("its code or announcement", (told_by_code(told.expected.0), told_by_code(told.expected.1))),
    ];
    for (who, (vendor, product)) in others {
        if let Some(vendor) = vendor.filter(|vendor| *vendor != declaration.vendor_id()) {
            return differs(
                "the certification declaration",
                vendor_text(declaration.vendor_id()),
                who,
                vendor_text(vendor),
            );
        }
        if let Some(product) = product.filter(|product| !products.contains(product)) {
            return Err(format!(
                "{who} says {}, which the certification declaration is not for",
                product_text(product)
            ));
        }
    }
    Ok(())
}
