//! Work that nobody waits for, and when it is done.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

/// A source's background work.
#[derive(Debug)]
pub struct Background(watch::Sender<UnderWay>);

/// The numbers of the pieces of work that are under way.
#[derive(Debug, Default)]
struct UnderWay {
    numbers: BTreeSet<u64>,
    next: u64,
}

impl Default for Background {
    fn default() -> Self {
        Self(watch::Sender::new(UnderWay::default()))
    }
}

impl Background {
    /// Starts work.
    pub fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let task = Task::start(Arc::clone(self));
        tokio::spawn(async move {
            work.await;
            drop(task);
        });
    }

    /// Until the work is done that is under way at the call. What begins later is not waited for: on a busy server there is
    /// always some.
    pub fn idle(&self) -> impl Future<Output = ()> + Send + use<> {
        let now = self.0.borrow().next;
        let mut under_way = self.0.subscribe();
        async move {
            // An error means that the sender is gone, and with it all work.
            drop(under_way.wait_for(|under_way| under_way.numbers.first().is_none_or(|first| *first >= now)).await);
        }
    }
}

/// One piece of work, counted from start to drop, whatever becomes of it.
struct Task {
    background: Arc<Background>,
    number: u64,
}

impl Task {
    fn start(background: Arc<Background>) -> Self {
        let mut number = 0;
        background.0.send_modify(|under_way| {
            number = under_way.next;
            under_way.next += 1;
            under_way.numbers.insert(number);
        });
        Self { background, number }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.background.0.send_modify(|under_way| {
            under_way.numbers.remove(&self.number);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn idle_waits_for_all_work_even_for_what_fails() {
        let background = Arc::<Background>::default();
        background.idle().await;
        let (sender, receiver) = oneshot::channel::<()>();
        background.spawn(async {
            drop(receiver.await);
            panic!("work may fail");
        });
        let waiting = {
            let background = Arc::clone(&background);
            tokio::spawn(async move { background.idle().await })
        };
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        sender.send(()).unwrap();
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn idle_waits_for_nothing_that_begins_later() {
        let background = Arc::<Background>::default();
        let (first, mut second) = (oneshot::channel::<()>(), oneshot::channel::<()>());
        background.spawn(async { drop(first.1.await) });
        let waiting = {
            let background = Arc::clone(&background);
            tokio::spawn(async move { background.idle().await })
        };
        tokio::task::yield_now().await;
        let never_done = std::mem::replace(&mut second.1, oneshot::channel().1);
        background.spawn(async { drop(never_done.await) });
        first.0.send(()).unwrap();
        waiting.await.unwrap();
        drop(second.0);
    }
}
