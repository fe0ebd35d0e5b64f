#include "base/limits.h"
#include "base/memory.h"
#include "node/state.h"

tacit_err
tacit_post_init(struct tacit_post *post)
{
	*post = (struct tacit_post){.count = 0};
	post->end = &post->first;
	return pthread_mutex_init(&post->lock, NULL) == 0 ? TACIT_OK : TACIT_ENOMEM;
}

void
tacit_post_fini(struct tacit_post *post)
{
	tacit_assert(post->first == NULL);
	pthread_mutex_destroy(&post->lock);
}

tacit_err
tacit_node_post(struct tacit_node *node, void (*fn)(void *arg), void *arg)
{
	struct tacit_job *job;
	tacit_err err = TACIT_OK;

	if (node == NULL || fn == NULL)
		return TACIT_EINVAL;
	if ((job = tacit_alloc(sizeof(*job))) == NULL)
		return TACIT_ENOMEM;
	job->fn = fn;
	job->arg = arg;
	pthread_mutex_lock(&node->post.lock);
	if (node->post.closed) {
		err = TACIT_ESTOPPED;
	} else if (node->post.count >= TACIT_POSTED_MAX) {
		err = TACIT_ELIMIT;
	} else {
		*node->post.end = job;
		node->post.end = &job->next;
		node->post.count++;
		uv_async_send(&node->async);
	}
	pthread_mutex_unlock(&node->post.lock);
	if (err != TACIT_OK)
		tacit_free(job);
	return err;
}

void
tacit_post_run(struct tacit_post *post)
{
	struct tacit_job *job, *next;

	pthread_mutex_lock(&post->lock);
	job = post->first;
	post->first = NULL;
	post->end = &post->first;
	post->count = 0;
	pthread_mutex_unlock(&post->lock);
	for (; job != NULL; job = next) {
		next = job->next;
		job->fn(job->arg);
		tacit_free(job);
	}
}

void
tacit_post_close(struct tacit_post *post)
{
	pthread_mutex_lock(&post->lock);
	post->closed = true;
	pthread_mutex_unlock(&post->lock);
	tacit_post_run(post);
}
