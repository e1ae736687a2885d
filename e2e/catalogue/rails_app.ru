# A Rails application in one file: articles behind `protect_from_forgery`, as a generated app has it.
#
#     APP_FOLDER=/tmp/app puma --bind tcp://127.0.0.1:3000 rails_app.ru

require "action_controller/railtie"

class Blog < Rails::Application
  config.load_defaults Rails::VERSION::STRING[/\A\d+\.\d+/]
  config.root = ENV.fetch("APP_FOLDER")
  config.eager_load = false
  config.secret_key_base = "of a test" * 8
  config.hosts.clear
  config.logger = Logger.new($stdout)
  config.consider_all_requests_local = false
  config.session_store :cookie_store, key: "_blog_session"
end

class ArticlesController < ActionController::Base
  ARTICLES = []

  def index
    render inline: <<~PAGE
      <!DOCTYPE html>
      <html><head><%= csrf_meta_tags %></head>
      <body><%= form_with(url: "/articles") { |form| form.text_field :title } %></body></html>
    PAGE
  end

  def list
    render json: ARTICLES
  end

  def create
    ARTICLES << params.require(:title)
    render json: { title: ARTICLES.last }, status: :created
  end

  # The session ends, and with it what its tokens were made of.
  def leave
    reset_session
    head :no_content
  end
end

Blog.initialize!
Blog.routes.draw do
  root to: "articles#index"
  get "/articles.json", to: "articles#list"
  resources :articles, only: [:index, :create]
  delete "/session", to: "articles#leave"
end

run Blog
