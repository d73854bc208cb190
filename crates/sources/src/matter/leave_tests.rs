use super::*;

#[tokio::test(start_paused = true)]
async fn a_device_is_left_once_and_not_given_up_before_the_controller_had_its_time() {
    let home = Home::new();
    let node = home.plug(0x11_1111);
    let handle = home.handle();
    let starting = handle.unpair(vec![node], true);
    assert!(tokio::time::timeout(Duration::from_secs(10), starting).await.is_err(), "it is waited for");
    assert!(!home.state().devices[&node].is_leaving);
    assert_eq!(
        handle.unpair(vec![node], false).await,
        Err(MatterRefusal::NotRunning("try again in a moment".to_owned()))
    );
    home.state().devices.get_mut(&node).unwrap().is_leaving = true;
    assert_eq!(handle.unpair(vec![node], true).await, Err(MatterRefusal::Leaving(node)));
    assert_eq!(handle.refresh(Some(node)), Err(MatterRefusal::Leaving(node)));
    home.answer(node, 5, &place(5, 7));
    assert_eq!(home.state().subscriptions.next_due(), None, "nobody subscribes to what is being left");
    home.state().devices.get_mut(&node).unwrap().is_leaving = false;
    home.state().trouble = Some("no port".to_owned());
    let left = handle.unpair(vec![node, node], true).await.unwrap();
    assert_eq!(left.len(), 1);
    assert!(left[0].is_forgotten && left[0].result.is_err());
    let refused = handle.pair(vec![SetupCode::parse(CODE).unwrap()], None, false);
    assert_eq!(refused, Err(MatterRefusal::NotRunning("no port".to_owned())));
}
