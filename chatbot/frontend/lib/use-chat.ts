"use client";

import { type Failure, failureOf } from "@todo/shared/client/api";
import { useSession } from "@todo/shared/client/session";
import { isCancel } from "axios";
import { useCallback, useEffect, useRef, useState } from "react";
import {
  type Conversation,
  deleteConversation,
  listConversations,
  localId,
  type Message,
  readConversation,
  sendMessage,
} from "./chat";

/** Holds the reader's conversations and the messages of the open one. */
export function useChat() {
  const { expire } = useSession();
  const [conversations, setConversations] = useState<Conversation[] | null>(null);
  const [openId, setOpenId] = useState<string | null>(null);
  const [messages, setMessages] = useState<Message[]>([]);
  const [loading, setLoading] = useState(false);
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const reading = useRef<AbortController | null>(null);
  /** Counts what is on screen, so that an answer that comes after a change of conversation is not shown there. */
  const view = useRef(0);

  const fail = useCallback(
    (error: unknown) => {
      if (isCancel(error)) return;
      const found = failureOf(error);
      if (found.status === 401) expire();
      else setFailure(found);
    },
    [expire],
  );

  const refresh = useCallback(async () => {
    try {
      setConversations(await listConversations());
    } catch (error) {
      fail(error);
    }
  }, [fail]);

  useEffect(() => {
    void refresh();
    return () => reading.current?.abort();
  }, [refresh]);

  const show = useCallback(
    async (id: string | null) => {
      reading.current?.abort();
      view.current += 1;
      setOpenId(id);
      setMessages([]);
      setFailure(null);
      setSending(false);
      setLoading(id !== null);
      if (id === null) return;
      const current = new AbortController();
      reading.current = current;
      try {
        setMessages(await readConversation(id, current.signal));
      } catch (error) {
        fail(error);
      } finally {
        if (reading.current === current) setLoading(false);
      }
    },
    [fail],
  );

  /** Send what the reader wrote; says whether it was answered. */
  const send = useCallback(
    async (text: string): Promise<boolean> => {
      const shown = view.current;
      const question: Message = { id: localId(), role: "user", content: text, toolCalls: [], assistant: null };
      setFailure(null);
      setSending(true);
      setMessages((current) => [...current, question]);
      try {
        const reply = await sendMessage(text, openId);
        if (view.current === shown) {
          setOpenId(String(reply.conversation_id));
          setMessages((current) => [
            ...current,
            {
              id: localId(),
              role: "assistant",
              content: reply.response,
              toolCalls: reply.tool_calls ?? [],
              assistant: reply.assistant ?? null,
            },
          ]);
        }
        void refresh();
        return true;
      } catch (error) {
        if (view.current === shown) {
          // Not answered: the text goes back to where it can be sent again.
          setMessages((current) => current.filter(({ id }) => id !== question.id));
          fail(error);
        }
        return false;
      } finally {
        if (view.current === shown) setSending(false);
      }
    },
    [openId, fail, refresh],
  );

  const remove = useCallback(
    async (id: string) => {
      try {
        await deleteConversation(id);
        setConversations((current) => current?.filter((one) => one.id !== id) ?? null);
        if (id === openId) void show(null);
      } catch (error) {
        fail(error);
      }
    },
    [openId, fail, show],
  );

  return { conversations, openId, messages, loading, sending, failure, show, send, remove, refresh };
}
