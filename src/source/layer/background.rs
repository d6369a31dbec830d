//! Work that nobody waits for, and when it is done.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

/// A source's background work.
#[derive(Debug)]
pub struct Background(watch::Sender<usize>);

impl Default for Background {
    fn default() -> Self {
        Self(watch::Sender::new(0))
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

    /// Until no work is under way.
    pub async fn idle(&self) {
        // An error means that the sender is gone; it is `self`.
        drop(self.0.subscribe().wait_for(|under_way| *under_way == 0).await);
    }
}

/// One piece of work, counted from start to drop, whatever becomes of it.
struct Task(Arc<Background>);

impl Task {
    fn start(background: Arc<Background>) -> Self {
        background.0.send_modify(|under_way| *under_way += 1);
        Self(background)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.0.send_modify(|under_way| *under_way -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn idle_waits_for_all_work_even_for_what_fails() {
        let background = Arc::<Background>::default();
        background.idle().await;
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
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
}
